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

__all__ = [
    "ClassificationAccuracy",
    "DensityCoverage",
    "DigitClassifier",
    "FeatureStatistics",
    "FrechetAtInfinity",
    "InceptionScore",
    "KernelDistance",
    "Memorization",
    "ModeCoverage",
    "NearDuplicates",
    "Neighbors",
    "ParzenLogLikelihood",
    "PrecisionRecall",
    "SegmentationScores",
    "SemanticHash",
    "StackedModeCoverage",
    "classification_accuracy_score",
    "cross_validate_sigma",
    "density_coverage",
    "digit_classifier",
    "few_label_accuracy",
    "frechet_distance",
    "frechet_distance_at_infinity",
    "frechet_image_distance",
    "image_features",
    "inception_features",
    "inception_score",
    "jensen_shannon_divergence",
    "jsd_from_logits",
    "jsd_from_samples",
    "kernel_distance",
    "memorization",
    "mode_coverage",
    "ms_ssim",
    "ms_ssim_diversity",
    "near_duplicates",
    "nearest_neighbors",
    "parzen_log_likelihood",
    "precision_recall",
    "psnr",
    "segmentation_scores",
    "sliced_wasserstein",
    "sliced_wasserstein_pyramid",
    "ssim",
    "stacked_mode_coverage",
    "train_digit_classifier",
]
