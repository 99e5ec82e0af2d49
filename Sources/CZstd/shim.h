// Compression of checkpoint files.
#include <zstd.h>
