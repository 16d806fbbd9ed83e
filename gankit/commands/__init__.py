"""Models from the shell: `python -m gankit.commands.srgan` and `python -m gankit.commands.pix2pix`.

Each command trains a model on a folder of pictures, and applies it to another folder. The models
know nothing of data sets, metrics and callbacks; their commands do.
"""
