"""An experiment's rows as something to show: Markdown tables, plots, and the texts themselves."""
