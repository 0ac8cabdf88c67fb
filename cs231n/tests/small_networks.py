"""Small networks that together hold every kind of layer, in the text form."""

NETS = {
    "convolutions": "INPUT7x6x4 -> CONV3-4g2d2/1 -> TANH -> CONV3x2-3/2p1floor -> CONV1-2nobias "
    "-> FC-3",
    "pools": "INPUT7x8x2 -> CONV3-2 -> POOL3/2p1ceil -> AVGPOOL3/2p1ceil -> L2POOL2/1 "
    "-> GLOBALAVGPOOL",
    "floor": "INPUT8x8x2 -> CONV3-3/2floor -> AVGPOOL3/2floor -> FC-2",
    "local": "INPUT5x6x2 -> LOCAL3-2/2p1floor -> TANH -> LOCAL2-3p0nobias -> FLATTEN -> FC-4nobias",
    "norms": "INPUT4x4x4 -> BN -> CONV3-4 -> LN -> GN2 -> LRN3 -> LRN2 -> SCALE -> FC-5 -> BN "
    "-> LN -> FC-3",
    "branches": "INPUT4x4x3 -> (CONV1-2 -> RELU | CONV3-3 | ) -> (CONV3-8 -> TANH + + ) -> FC-3 "
    "-> SOFTMAX",
    "unequal": "INPUT9x8x2 -> CONV3x2-3/2x1p1x0d1x2floor -> AVGPOOL3x2/1x2p1x0ceil -> FC-2",
    "side branch": "INPUT4x4x3 -> CONV3-4 -> {AVGPOOL2 -> FC-3} -> TANH -> FC-2",
    "dropout": "INPUT4x4x2 -> DROPOUT0.25 -> CONV3-4 -> DROPOUT0.5 -> FC-3",
    "rbf": "INPUT4x4x2 -> CONV3-3p0 -> FC-4 -> TANH -> RBF-3",
}
