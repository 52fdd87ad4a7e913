# Picket on bare metal: QEMU's mps2-an385 and mps2-an505.
