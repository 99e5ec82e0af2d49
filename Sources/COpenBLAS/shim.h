// Dense matrix products; and of LAPACK, which the same library holds, the one routine that is used. Its C header is
// another package's, so the Fortran symbol is declared here, with the lengths of its texts last.
#ifndef LOCKSTEP_COPENBLAS_SHIM_H
#define LOCKSTEP_COPENBLAS_SHIM_H

#include <cblas.h>
#include <stddef.h>

extern void dsyevr_(const char *jobz, const char *range, const char *uplo, const blasint *n, double *a,
                    const blasint *lda, const double *vl, const double *vu, const blasint *il, const blasint *iu,
                    const double *abstol, blasint *m, double *w, double *z, const blasint *ldz, blasint *isuppz,
                    double *work, const blasint *lwork, blasint *iwork, const blasint *liwork, blasint *info,
                    size_t jobz_length, size_t range_length, size_t uplo_length);

// The largest `count` eigenvalues of the symmetric n x n matrix `a`, ascending, in `w` (room for n), and their vectors
// as the rows of `z` unless it is null. `a` is overwritten. With lwork = liwork = -1 only asks for the sizes.
static inline blasint lockstep_dsyevr(blasint n, blasint count, double *a, double *w, double *z, blasint *isuppz,
                                      double *work, blasint lwork, blasint *iwork, blasint liwork) {
  blasint first = n - count + 1, found = 0, info = 0;
  double unused = 0, tolerance = 0;
  dsyevr_(z ? "V" : "N", "I", "U", &n, a, &n, &unused, &unused, &first, &n, &tolerance, &found, w, z ? z : &unused,
          &n, isuppz, work, &lwork, iwork, &liwork, &info, 1, 1, 1);
  return info;
}

#endif
