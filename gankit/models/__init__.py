"""The papers' models, one module per chapter: `from gankit.models.dcgan import DCGAN`.

The chapters' modules are `minimax`, `dcgan`, `improved`, `cgan`, `pix2pix`, `srgan` and `lapgan`.
Each offers all names that its chapter uses, and imports some of them from the other modules here.
"""
