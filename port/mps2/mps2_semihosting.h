// mps2_semihosting.h: what QEMU does for a program on the processor's behalf (-semihosting).
#ifndef PICKET_MPS2_SEMIHOSTING_H
#define PICKET_MPS2_SEMIHOSTING_H

#include <stddef.h>

// End QEMU with this exit code.
_Noreturn void picket_mps2_exit(int code);

// Read len bytes of a file of the computer's. Returns 0, or -1.
int picket_mps2_read_file(const char *path, void *buf, size_t len);

// QEMU's -semihosting-config arg=, as text. Returns 0, or -1 when there is none or it does not fit.
int picket_mps2_argument(char *text, size_t len);

#endif
