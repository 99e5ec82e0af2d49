// Reading and writing PNG through the simplified API, which needs no setjmp.
#include <png.h>
