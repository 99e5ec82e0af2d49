// Dense matrix products.
#include <cblas.h>
