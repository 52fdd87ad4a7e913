// pico_sdk.h: the pico-sdk's headers. Their inline functions do not pass our warnings.
#ifndef PICKET_PICO_SDK_H
#define PICKET_PICO_SDK_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico.h"
#include "pico/platform.h"
#include "pico/time.h"
#pragma GCC diagnostic pop

#endif
