"""What "good" means for a generator, measured without any download.

Distances between distributions (Jensen-Shannon, Fréchet, sliced Wasserstein), Parzen-window
log-likelihood, modes covered, nearest neighbours, near-duplicates, linear classifiers on few
labels, and a small digit classifier whose features and labels the others use. PSNR and SSIM of
images, by the protocol of the super-resolution papers.
"""

from gankit.metrics.divergence import (
    jensen_shannon_divergence,
    jsd_from_logits,
    jsd_from_samples,
)
from gankit.metrics.duplicates import NearDuplicates, SemanticHash, near_duplicates
from gankit.metrics.features import DigitClassifier, digit_classifier, train_digit_classifier
from gankit.metrics.few_labels import few_label_accuracy
from gankit.metrics.frechet import frechet_distance, frechet_image_distance
from gankit.metrics.modes import (
    ModeCoverage,
    StackedModeCoverage,
    mode_coverage,
    stacked_mode_coverage,
)
from gankit.metrics.neighbours import Neighbours, nearest_neighbours
from gankit.metrics.parzen import (
    ParzenLogLikelihood,
    cross_validate_sigma,
    parzen_log_likelihood,
)
from gankit.metrics.segmentation import SegmentationScores, segmentation_scores
from gankit.metrics.signal_to_noise import psnr
from gankit.metrics.similarity import ms_ssim, ms_ssim_diversity, ssim
from gankit.metrics.sliced import sliced_wasserstein, sliced_wasserstein_pyramid

__all__ = [
    "DigitClassifier",
    "ModeCoverage",
    "NearDuplicates",
    "Neighbours",
    "ParzenLogLikelihood",
    "SegmentationScores",
    "SemanticHash",
    "StackedModeCoverage",
    "cross_validate_sigma",
    "digit_classifier",
    "few_label_accuracy",
    "frechet_distance",
    "frechet_image_distance",
    "jensen_shannon_divergence",
    "jsd_from_logits",
    "jsd_from_samples",
    "mode_coverage",
    "ms_ssim",
    "ms_ssim_diversity",
    "near_duplicates",
    "nearest_neighbours",
    "parzen_log_likelihood",
    "psnr",
    "segmentation_scores",
    "sliced_wasserstein",
    "sliced_wasserstein_pyramid",
    "ssim",
    "stacked_mode_coverage",
    "train_digit_classifier",
]
