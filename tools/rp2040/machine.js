// An RP2040 with a program in its flash: what rp2040js has, and what it leaves out.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BasePeripheral, RP2040 } from 'rp2040js';
import { callRom, makeRom } from './rom.js';
import { Uart } from './uart.js';

const FLASH_SIZE = 2 << 20;
const FLASH = 0x10000000, FLASH_END = 0x11000000;
const VECTORS = FLASH + 0x100; // after the second stage of the boot code
const UART0_IRQ = 20, UART1_IRQ = 21;

// Registers that keep what is written, some bits of them always set.
class Registers extends BasePeripheral {
    values = {};

    constructor(mcu, name, always = {}) {
        super(mcu, name);
        this.always = always;
    }

    readUint32(offset) {
        const at = offset & 0xfff;
        return ((this.values[at] ?? 0) | (this.always[at] ?? 0)) >>> 0;
    }

    writeUint32(offset, value) {
        this.values[offset] = value;
    }
}

// The ring oscillator: whether it runs, and its random bit.
class Rosc extends Registers {
    static STATUS = 0x18;
    static RANDOMBIT = 0x1c;

    constructor(mcu, randomBit, isOn) {
        super(mcu, 'ROSC', { [Rosc.STATUS]: isOn ? 0x80001000 : 0 });
        this.randomBit = randomBit;
    }

    readUint32(offset) {
        return (offset & 0xfff) === Rosc.RANDOMBIT ? this.randomBit() : super.readUint32(offset);
    }
}

function trueRandomBit() {
    let bits = Buffer.alloc(0);
    let at = 0;
    return () => {
        if (at === bits.length * 8) {
            bits = randomBytes(4096);
            at = 0;
        }
        const bit = (bits[at >> 3] >> (at & 7)) & 1;
        at++;
        return bit;
    };
}

// One in so many reads is random, the others are what `otherwise` says.
function rarelyRandom(one, otherwise) {
    const bit = trueRandomBit();
    let n = 0, last = 1;
    const chance = () => Array.from({ length: 8 }, bit).reduce((byte, b) => byte * 2 + b, 0) < 256 / one;
    return () => {
        const same = otherwise(n++, last);
        return (last = chance() ? bit() : same);
    };
}

// Each read repeats what came 100 before, but for one in 256.
function echoing() {
    const before = Array.from({ length: 100 }, trueRandomBit());
    return rarelyRandom(256, (n) => before[n % 100]);
}

// What the chip's random bit may be made to do in a test.
export const RANDOM_BITS = {
    good: trueRandomBit,
    off: () => () => 1, // and it says so
    stuck: () => () => 1,
    zero: () => () => 0,
    biased: () => rarelyRandom(64, () => 1),
    sluggish: () => rarelyRandom(64, (_, last) => last), // stays what it was
    echoing,
    alternating: (n = 0) => () => n++ & 1,
    periodic: (n = 0) => () => (n++ % 13 === 0 ? 1 : 0),
    drifting: (n = 0) => () => ((n += 1.618) & 8 ? 1 : 0), // an oscillator without noise
};

// What an ELF file puts into flash. The rest of it the program's start-up code copies or clears.
function loadElf(path, flash) {
    const file = readFileSync(path);
    if (file.length < 52 || file.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${path} is no ELF file`);
    const headers = file.readUInt32LE(28), size = file.readUInt16LE(42), count = file.readUInt16LE(44);
    for (let i = 0; i < count; i++) {
        const at = headers + i * size;
        const offset = file.readUInt32LE(at + 4), address = file.readUInt32LE(at + 12);
        const bytes = file.readUInt32LE(at + 16);
        if (file.readUInt32LE(at) !== 1 || bytes === 0) continue;
        if (address < FLASH || address + bytes > FLASH_END) throw new Error(`${path} is not for flash`);
        flash.set(file.subarray(offset, offset + bytes), address - FLASH);
    }
}

export class Machine {
    fault = null; // why the program cannot go on
    instructions = 0; // so many have been executed
    cycleNanos = 8; // at 125 MHz

    // slip(byte), console(byte): what the program sends on UART0 and UART1. randomBit: of RANDOM_BITS.
    // scratch: what it finds in the watchdog's SCRATCH1. trace: SCRATCH0 becomes a sum over the addresses of instructions.
    constructor({ elf, slip, console, randomBit = 'good', adc = true, flash = null, trace = false, scratch = 0, verbose = false }) {
        this.mcu = new RP2040();
        const { mcu } = this;
        mcu.logger = this.logger(verbose);
        mcu.loadBootrom(makeRom());
        mcu.onBreak = () => {
            if (!callRom(mcu)) this.stop('stopped at a breakpoint');
        };
        this.uart0 = new Uart(mcu, 'UART0', UART0_IRQ, slip);
        this.uart1 = new Uart(mcu, 'UART1', UART1_IRQ, console);
        Object.assign(mcu.peripherals, {
            0x40018: new Registers(mcu, 'IO_QSPI'),
            0x40034: this.uart0,
            0x40038: this.uart1,
            0x40060: new Rosc(mcu, RANDOM_BITS[randomBit](), randomBit !== 'off'),
            0x40064: new Registers(mcu, 'VREG_AND_CHIP_RESET', { 0: 0x1000 }), // in regulation
        });
        if (!adc) mcu.peripherals[0x4004c] = new Registers(mcu, 'ADC');
        mcu.peripherals[0x40058].onWatchdogTrigger = () => this.reset();
        this.scratch = mcu.peripherals[0x40058].scratchData;
        this.scratch[1] = scratch;
        this.trace = trace;
        mcu.addClockListener((hertz) => {
            this.cycleNanos = 1e9 / hertz;
        });
        this.refuseUnaligned();
        this.emptyFifo();
        if (flash) mcu.flash.set(flash);
        loadElf(elf, mcu.flash);
        this.reset();
    }

    // Where the boot ROM would go after the second stage.
    reset() {
        this.mcu.core.VTOR = VECTORS;
        this.mcu.core.reset();
    }

    stop(why) {
        this.fault ??= `${why}, at 0x${(this.mcu.core.PC >>> 0).toString(16)}, from 0x${(this.mcu.core.LR >>> 0).toString(16)}`;
        this.mcu.core.waiting = true;
    }

    logger(verbose) {
        const say = (level) => (name, text) => verbose && console.error(`${level} ${name}: ${text}`);
        return { debug: () => {}, info: () => {}, warn: say('warning'), error: say('error') };
    }

    // A Cortex-M0+ faults where a larger one is only slow.
    refuseUnaligned() {
        const { mcu } = this;
        for (const [name, mask] of [['readUint32', 3], ['writeUint32', 3], ['readUint16', 1], ['writeUint16', 1]]) {
            const access = mcu[name].bind(mcu);
            mcu[name] = (address, value) => {
                if (address & mask) this.stop(`hard fault: unaligned access to 0x${(address >>> 0).toString(16)}`);
                return access(address, value);
            };
        }
    }

    // From the second core, which rp2040js does not have, nothing ever comes.
    emptyFifo() {
        const { sio } = this.mcu;
        const FIFO_ST = 0x50, READY = 2;
        const read = sio.readUint32.bind(sio);
        sio.readUint32 = (offset) => (offset === FIFO_ST ? READY : read(offset));
        const write = sio.writeUint32.bind(sio);
        sio.writeUint32 = (offset, value) => offset === FIFO_ST || write(offset, value);
    }

    // What a Pico has of it.
    get flash() {
        return this.mcu.flash.subarray(0, FLASH_SIZE);
    }

    get cycles() {
        return this.mcu.core.cycles;
    }

    get nanos() {
        return this.mcu.clock.nanos;
    }

    // True when the program waits for something that only the world outside can bring, or time.
    get idle() {
        return this.mcu.core.waiting && !this.uart0.busy && !this.uart1.busy;
    }

    get nanosToAlarm() {
        const { clock } = this.mcu;
        return clock.nextAlarm ? clock.nanosToNextAlarm : Infinity;
    }

    // Let time pass. Interrupts that it brings end the waiting.
    pass(nanos) {
        const { core, clock } = this.mcu;
        clock.tick(nanos);
        if (core.waiting && core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
    }

    // Run until this number of instructions is done, or the program is idle or has stopped.
    run(instructions) {
        const { core, clock } = this.mcu;
        const { trace, scratch } = this;
        for (let i = 0; i < instructions && !this.fault; i++) {
            if (!core.waiting) {
                if (trace) scratch[0] = Math.imul(scratch[0] ^ core.PC, 0x01000193);
                clock.tick(core.executeInstruction() * this.cycleNanos);
                this.instructions++;
            } else if (this.idle) return;
            else this.pass(this.nanosToAlarm);
        }
    }
}
