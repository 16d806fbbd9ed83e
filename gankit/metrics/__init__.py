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
    # distances of two sets of features or images
    *("FrechetAtInfinity", "frechet_distance", "frechet_distance_at_infinity"),
    *("frechet_image_distance", "KernelDistance", "kernel_distance", "sliced_wasserstein"),
    *("sliced_wasserstein_pyramid", "jensen_shannon_divergence", "jsd_from_logits"),
    *("jsd_from_samples", "FeatureStatistics"),
    # quality and variety
    *("PrecisionRecall", "precision_recall", "DensityCoverage", "density_coverage"),
    *("InceptionScore", "inception_score", "ModeCoverage", "mode_coverage", "StackedModeCoverage"),
    *("stacked_mode_coverage", "ms_ssim_diversity", "ParzenLogLikelihood"),
    *("parzen_log_likelihood", "cross_validate_sigma"),
    # copies of the training set, and of each other
    *("Memorization", "memorization", "NearDuplicates", "near_duplicates", "SemanticHash"),
    *("Neighbors", "nearest_neighbors"),
    # labels
    *("ClassificationAccuracy", "classification_accuracy_score", "few_label_accuracy"),
    *("SegmentationScores", "segmentation_scores"),
    # pairs of images
    *("psnr", "ssim", "ms_ssim"),
    # feature networks
    *("DigitClassifier", "digit_classifier", "train_digit_classifier", "image_features"),
    "inception_features",
]
