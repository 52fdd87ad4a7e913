# Bare metal Arm for QEMU's mps2-an385 and mps2-an505 (-DPICKET_BOARD=..., as the presets say).
#
# The an385 runs machine code of the RP2040's Cortex-M0+ on its Cortex-M3; the an505 has a Cortex-M33, as the
# RP2350 has (whose floating-point unit nothing here needs).

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PICKET_BOARD)

set(PICKET_BOARD mps2-an385 CACHE STRING "mps2-an385 or mps2-an505")
if(PICKET_BOARD STREQUAL "mps2-an385")
    set(cpu -mcpu=cortex-m0plus)
elseif(PICKET_BOARD STREQUAL "mps2-an505")
    set(cpu -mcpu=cortex-m33+nofp)
else()
    message(FATAL_ERROR "PICKET_BOARD is mps2-an385 or mps2-an505, not ${PICKET_BOARD}")
endif()

set(CMAKE_C_FLAGS_INIT "${cpu} -mthumb -mfloat-abi=soft --specs=nano.specs -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "${cpu} -mthumb -mfloat-abi=soft")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles -Wl,--gc-sections")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
