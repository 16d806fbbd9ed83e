"""The error for a data set that is missing and cannot be fetched."""

from __future__ import annotations


class DatasetUnavailable(RuntimeError):
    """A named set is not on this machine and cannot be fetched or stored.

    The message names the set, the data folder, the original files that can be put there by hand,
    and the embedded sets, which need no network.
    """
