"""The screens, a folder each, and the dialogs that open over any of them."""
