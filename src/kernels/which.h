// which.h: whose kernels are compiled: those of a folder in assembler, or portable/ in C. For assembler too.
#ifndef PICKET_KERNELS_WHICH_H
#define PICKET_KERNELS_WHICH_H

#if defined(__ARM_ARCH_6M__) && !defined(PICKET_PORTABLE_KERNELS)
#define KERNELS_ARMV6M 1
#else
#define KERNELS_ARMV6M 0
#endif

// UMAAL is an instruction of the DSP extension: Cortex-M4, M7, M33 as the RP2350 has it. The compiler says the same of Cortex-A and R,
// hence the profile. Text is read wherever it lies.
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && \
    defined(__ARM_FEATURE_UNALIGNED) && !defined(__ARM_BIG_ENDIAN) && !defined(PICKET_PORTABLE_KERNELS)
#define KERNELS_ARMV7EM 1
#else
#define KERNELS_ARMV7EM 0
#endif

// AES and GHASH by tables that secrets are looked up in: only in memory without a cache, never in flash. A Cortex-M33 has such
// memory or not, and the build says it; an M0+ has. The code is armv6m's for both.
#if KERNELS_ARMV6M || (KERNELS_ARMV7EM && defined(PICKET_CIPHER_TABLES))
#define KERNELS_TABLES 1
#else
#define KERNELS_TABLES 0
#endif

#define KERNELS_PORTABLE (!KERNELS_ARMV6M && !KERNELS_ARMV7EM)

#endif
