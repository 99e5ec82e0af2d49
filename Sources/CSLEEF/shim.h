// Vector exp, log, tanh whose results do not depend on the vector width.
#include <sleef.h>
