// Swift cannot see macros that cast (MPI_COMM_WORLD and friends); these functions can.
#include <mpi.h>
