// KernelsWide
