"""What `python -m gankit.models.NAME` runs: a model from a folder of pictures to a folder of pictures.

The models themselves know nothing of data sets, metrics and callbacks; their commands do.
"""  # noqa: E501
