// Reading JPEG through the TurboJPEG API, which needs no setjmp.
#include <turbojpeg.h>
