"""Layers that Keras lacks, one per file. Each file imports `keras` alone: copy one and go."""
