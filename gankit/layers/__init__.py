"""Layers that Keras lacks, one per file. Each file imports only `keras`: copy one and use it.

Import a layer from its file: `from gankit.layers.maxout import Maxout`.

| file | what it holds | source |
|---|---|---|
| `conditional_batch_normalization` | `ConditionalBatchNormalization` | Dumoulin 2017, Miyato 2018 |
| `diff_augment` | `DiffAugment` | Zhao 2020 |
| `maxout` | `Maxout` | Goodfellow 2013 |
| `minibatch_discrimination` | `MinibatchDiscrimination` | Salimans 2016 |
| `minibatch_stddev` | `MinibatchStdDev` | Karras 2018 |
| `pixel_shuffle` | `PixelShuffle`, `ICNR` | Shi 2016, Aitken 2017 |
| `projection_head` | `ProjectionHead` | Miyato and Koyama 2018 |
| `reflection_padding` | `ReflectionPadding2D` | Johnson 2016 |
| `self_attention` | `SelfAttention2D` | Zhang 2019 |
| `spectral_normalization` | `SpectralNormalization` | Miyato 2018 |
| `virtual_batch_normalization` | `VirtualBatchNormalization`, `ReferenceBatch` | Salimans 2016 |
| `weight_normalization` | `WeightNormalization`, `initialize` | Salimans and Kingma 2016 |

Keras has the rest. Instance normalization (Ulyanov 2016) normalizes each channel of each image by
its own mean and variance. It is a group normalization with one channel per group:

>>> import keras
>>> instance_normalization = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)

`SpectralNormalization` replaces the layer of Keras, which overwrites the kernel and iterates on
each call in training: one step then sees real and generated examples with different weights.
"""
