// Reading .gz files.
#include <zlib.h>
