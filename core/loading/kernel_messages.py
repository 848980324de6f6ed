"""Messages of quantised kernels that are the same for every matrix and token: they are left out, and nothing else is.

bitsandbytes logs the first of them for each matrix of each pass (1,876 lines while a model of two blocks is loaded),
versions before 0.49 as a Python warning. It says that 8-bit matrices are multiplied in float16, which is how LLM.int8
works and which nobody can change but by another `--dtype`. The second is about a faster kernel of another package.
"""

from __future__ import annotations

import logging
import warnings

MESSAGES = {
    "bitsandbytes.autograd._functions": "MatMul8bitLt: inputs will be cast from",
    "bitsandbytes.backends.cpu.ops": "Failed to load CPU gemm_4bit_forward from kernels-community",
}
"""The beginning of each message by the logger that has it."""


class DroppedMessage(logging.Filter):
    """Lets everything pass but records that begin in one way."""

    def __init__(self, beginning: str) -> None:
        super().__init__()
        self.beginning = beginning

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self.beginning)


_filters = {logger: DroppedMessage(beginning) for logger, beginning in MESSAGES.items()}


def drop_kernel_messages() -> None:
    """Leave the messages out from now on; before the kernels are imported, which logs one of them."""
    for logger, dropped in _filters.items():
        # A logger holds a filter once, however often it is added.
        logging.getLogger(logger).addFilter(dropped)
    for beginning in MESSAGES.values():
        warnings.filterwarnings("ignore", message=beginning)
