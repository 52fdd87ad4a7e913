# Picket on the pico-sdk: RP2040 and RP2350.
