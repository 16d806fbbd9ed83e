from gankit.metrics.features import DigitClassifier, train_digit_classifier
