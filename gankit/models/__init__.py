"""The papers' models, one module per chapter: `from gankit.models.dcgan import DCGAN`."""
