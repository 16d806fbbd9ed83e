"""The error for a data set that is neither here nor to be had."""

from __future__ import annotations


class DatasetUnavailable(RuntimeError):
    """A named set is not on this machine and cannot be fetched or stored.

    The message names the set, the folder that was looked in, how to put the original files
    there by hand, and the embedded sets, which need no network.
    """
