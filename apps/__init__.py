"""The features, one package each; the same file name means the same thing in every one of them."""
