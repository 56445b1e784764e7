"""The demo: a convolutional network for handwritten digits, trained, with the images it takes to calibrate and to
test it.

>>> import bitwindow as bw
>>> demo = bw.demo.digits()
>>> demo.x.shape, demo.y.shape, demo.calibration.shape
((1000, 28, 28, 1), (1000,), (300, 28, 28, 1))
"""

from bitwindow.demo.digits import Digits as Digits
from bitwindow.demo.digits import digits as digits
from bitwindow.demo.digits import forward as forward
