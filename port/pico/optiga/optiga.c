#include "hardware/gpio.h"
#include "pico/time.h"
#include "pico_optiga.h"

enum { TRANSFER_US = 25000, RESET_US = 100 };

static struct {
    i2c_inst_t *i2c;
    uint reset_pin;
} bus;

// The SDK tells a time-out from all else, and takes all else for a byte that was not acknowledged.
static int result_of(int moved, size_t len)
{
    if (moved == (int)len)
        return PICKET_I2C_OK;
    return moved == PICO_ERROR_GENERIC ? PICKET_I2C_NACK : PICKET_I2C_BUS;
}

static int write(void *ctx, uint8_t address, const uint8_t *data, size_t len)
{
    (void)ctx;
    return result_of(i2c_write_timeout_us(bus.i2c, address, data, len, false, TRANSFER_US), len);
}

static int read(void *ctx, uint8_t address, uint8_t *data, size_t len)
{
    (void)ctx;
    return result_of(i2c_read_timeout_us(bus.i2c, address, data, len, false, TRANSFER_US), len);
}

static uint32_t millis(void *ctx)
{
    (void)ctx;
    return to_ms_since_boot(get_absolute_time());
}

// Not sleep_us, which takes more stack than there is for a source of entropy.
static void wait_us(void *ctx, uint32_t us)
{
    (void)ctx;
    busy_wait_us_32(us);
}

// Open drain: the chip pulls it up.
static void reset(void *ctx)
{
    (void)ctx;
    gpio_init(bus.reset_pin);
    gpio_set_dir(bus.reset_pin, GPIO_OUT); // low, as gpio_init has left it
    busy_wait_us_32(RESET_US);
    gpio_set_dir(bus.reset_pin, GPIO_IN);
}

const picket_i2c_t *picket_pico_optiga_bus(i2c_inst_t *i2c, int reset_pin)
{
    static picket_i2c_t functions;
    bus.i2c = i2c;
    bus.reset_pin = reset_pin >= 0 ? (uint)reset_pin : 0;
    functions = (picket_i2c_t){
        .write = write,
        .read = read,
        .millis = millis,
        .sleep_us = wait_us,
        .reset = reset_pin >= 0 ? reset : NULL,
    };
    return &functions;
}
