"""The errors that bitwindow raises. Each says what was wanted, what came, where, and what to do."""


class FormatError(ValueError):
    """A fixed-point type that cannot exist, or text that is not one."""


class ModelError(ValueError):
    """A model that cannot be traced, or whose parameters or example do not fit it."""


class DataError(ValueError):
    """Calibration or validation data that is empty, of the wrong shape or dtype, or not finite."""


class ExecutionError(ValueError):
    """A combination of types that no exact integer execution exists for."""


class SettingError(ValueError):
    """A setting (scheme, mode, width, metric, site name) that does not exist or is out of range."""


class SessionFileError(ValueError):
    """A ``.bitwindow`` file that is damaged, newer than this version, or not one at all."""
