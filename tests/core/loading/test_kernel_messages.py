"""What quantised kernels say for every matrix of every token is left out, and nothing else of theirs."""

import logging
import warnings

import pytest

from core.loading.kernel_messages import MESSAGES, drop_kernel_messages


@pytest.mark.parametrize(("logger", "beginning"), MESSAGES.items())
def test_the_message_is_dropped_and_its_neighbours_pass(caplog, logger, beginning):
    drop_kernel_messages()
    log = logging.getLogger(logger)
    log.warning("%s", "something else went wrong")
    for _ in range(3):
        log.warning(beginning + " %s to float16 during quantization", "torch.float32")
    assert caplog.messages == ["something else went wrong"]
    assert len(log.filters) == 1


def test_as_a_warning_of_older_versions_it_is_dropped_too():
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        drop_kernel_messages()
        warnings.warn("MatMul8bitLt: inputs will be cast from torch.bfloat16 to float16", stacklevel=1)
        warnings.warn("another", stacklevel=1)
    assert [str(warning.message) for warning in given] == ["another"]
