"""Metrics of generated examples, which need no download.

They include distances between distributions (Jensen-Shannon, Fréchet, kernel, sliced Wasserstein),
inception score, precision and recall, density and coverage, classification accuracy, Parzen-window
log-likelihood, mode coverage, nearest neighbors, memorization, near-duplicates, linear classifiers
on few labels, and a small digit classifier whose features and labels the other metrics use. PSNR
and SSIM follow the protocol of the super-resolution papers.
"""

from gankit.metrics.class_probabilities import InceptionScore, inception_score
from gankit.metrics.classification import ClassificationAccuracy, classification_accuracy_score
from gankit.metrics.copying import Memorization, memorization
from gankit.metrics.divergence import jensen_shannon_divergence, jsd_from_logits, jsd_from_samples
from gankit.metrics.duplicates import NearDuplicates, SemanticHash, near_duplicates
from gankit.metrics.feature_statistics import FeatureStatistics, image_features
from gankit.metrics.features import DigitClassifier, digit_classifier, train_digit_classifier
from gankit.metrics.few_labels import few_label_accuracy
from gankit.metrics.frechet import (
    FrechetAtInfinity,
    frechet_distance,
    frechet_distance_at_infinity,
    frechet_image_distance,
)
from gankit.metrics.inception import inception_features
from gankit.metrics.kernel import KernelDistance, kernel_distance
from gankit.metrics.manifolds import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)
from gankit.metrics.modes import (
    ModeCoverage,
    StackedModeCoverage,
    mode_coverage,
    stacked_mode_coverage,
)
from gankit.metrics.neighbors import Neighbors, nearest_neighbors
from gankit.metrics.parzen import ParzenLogLikelihood, cross_validate_sigma, parzen_log_likelihood
from gankit.metrics.segmentation import SegmentationScores, segmentation_scores
from gankit.metrics.signal_to_noise import psnr
from gankit.metrics.similarity import ms_ssim, ms_ssim_diversity, ssim
from gankit.metrics.sliced import sliced_wasserstein, sliced_wasserstein_pyramid

# distances of two sets of features or images
__all__ = ["FrechetAtInfinity", "frechet_distance", "frechet_distance_at_infinity"]
__all__ += ["frechet_image_distance", "KernelDistance", "kernel_distance", "sliced_wasserstein"]
__all__ += ["sliced_wasserstein_pyramid", "jensen_shannon_divergence", "jsd_from_logits"]
__all__ += ["jsd_from_samples", "FeatureStatistics"]
# quality and variety
__all__ += ["PrecisionRecall", "precision_recall", "DensityCoverage", "density_coverage"]
__all__ += [
    "InceptionScore",
    "inception_score",
    "ModeCoverage",
    "mode_coverage",
    "StackedModeCoverage",
]
__all__ += ["stacked_mode_coverage", "ms_ssim_diversity", "ParzenLogLikelihood"]
__all__ += ["parzen_log_likelihood", "cross_validate_sigma"]
# copies of the training set, and of each other
__all__ += ["Memorization", "memorization", "NearDuplicates", "near_duplicates", "SemanticHash"]
__all__ += ["Neighbors", "nearest_neighbors"]
# labels
__all__ += ["ClassificationAccuracy", "classification_accuracy_score", "few_label_accuracy"]
__all__ += ["SegmentationScores", "segmentation_scores"]
# pairs of images
__all__ += ["psnr", "ssim", "ms_ssim"]
# feature networks
__all__ += ["DigitClassifier", "digit_classifier", "train_digit_classifier", "image_features"]
__all__ += ["inception_features"]
