"""The error tree: what cannot go on. A doubt is a verdict and a stop is a row; neither is an exception."""


class VmpcapError(Exception):
    """Something that ends the work; the message says what was being done, where, and what to try."""


class CaptureError(VmpcapError):
    """The input is not readable as a capture, or is damaged and the user asked for strictness."""


class RequestError(VmpcapError):
    """The request itself is wrong: an option, a name, a combination that means nothing."""


class ProfileError(RequestError):
    """A threshold profile cannot be found or does not say what a profile must say."""


class EngineError(VmpcapError):
    """A needed engine (tshark, a packing library) is missing or failed."""


class CaptureWarning(UserWarning):
    """A capture could be read in part only; what could be read is there."""
