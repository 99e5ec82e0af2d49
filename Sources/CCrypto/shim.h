// SHA-256 with the hardware instructions where there are any.
#include <openssl/evp.h>
