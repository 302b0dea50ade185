"""Whether the installation is fit for work: the checks of `doctor`, the egress probe, the status screen."""
