"""The demo: a trained network for handwritten digits, and images to calibrate and to test it.

>>> import bitwindow as bw
>>> demo = bw.demo.digits()
>>> demo.x.shape, demo.y.shape, demo.calibration.shape
((1000, 28, 28, 1), (1000,), (300, 28, 28, 1))
"""

from bitwindow.demo.network import forward as forward
from bitwindow.demo.record import Digits as Digits
from bitwindow.demo.record import digits as digits
