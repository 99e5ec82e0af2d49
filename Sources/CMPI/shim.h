// Swift imports functions and plain constants, but not macros that cast: in Open MPI every predefined handle is
// one. Each function here returns such a handle, whatever its type is in the MPI at hand.
#pragma once
#include <mpi.h>

static inline MPI_Comm CMPI_COMM_WORLD(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype CMPI_BYTE(void) { return MPI_BYTE; }
static inline MPI_Errhandler CMPI_ERRORS_RETURN(void) { return MPI_ERRORS_RETURN; }
