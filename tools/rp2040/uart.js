// The RP2040's UART (Arm PL011) with its queues of 32 bytes, and with the time that a byte takes on the line.

import { BasePeripheral } from 'rp2040js';

const DR = 0x00, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34;
const IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44;

const FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7;
const RX = 1 << 4, TX = 1 << 5, RT = 1 << 6, OE = 1 << 10;
const FRAMING = 1 << 8, OVERRUN = 1 << 11; // in DR
const SIZE = 32;
const LEVELS = [4, 8, 16, 24, 28, 28, 28, 28];

export class Uart extends BasePeripheral {
    registers = { [IBRD]: 0, [FBRD]: 0, [LCR_H]: 0, [CR]: 0x300, [IFLS]: 0x12, [IMSC]: 0 };
    status = 0;
    received = []; // the queue towards the program
    sending = []; // the queue towards the line; the first byte is being sent
    line = []; // what the other end has sent: it arrives byte by byte
    at = 0; // how much of it has arrived
    overrun = 0;
    lost = 0;
    noise = 0; // of so many bytes one is lost, as by an overrun; 0: none
    spoilt = 0; // and of so many one comes with an error
    count = 0;

    // send(byte): a byte has left the line.
    constructor(mcu, name, irq, send) {
        super(mcu, name);
        this.irq = irq;
        this.send = send;
        this.sent = mcu.clock.createAlarm(() => this.byteSent());
        this.arrived = mcu.clock.createAlarm(() => this.byteArrived());
        this.silent = mcu.clock.createAlarm(() => this.raise(RT));
    }

    // Start, 8 bits, stop.
    get byteNanos() {
        const divider = this.registers[IBRD] + this.registers[FBRD] / 64;
        return divider === 0 ? 1e4 : (10 * 16 * divider * 1e9) / this.rp2040.clkPeri;
    }

    // True while something is on its way: then time may pass faster than on the wall.
    get busy() {
        return this.sending.length > 0 || this.at < this.line.length;
    }

    get rxLevel() {
        return LEVELS[(this.registers[IFLS] >> 3) & 7];
    }

    get txLevel() {
        return SIZE - LEVELS[this.registers[IFLS] & 7];
    }

    // Bytes from the other end.
    feed(bytes) {
        const idle = this.at >= this.line.length;
        if (idle) {
            this.line = [];
            this.at = 0;
        }
        for (const byte of bytes) this.line.push(byte);
        if (idle && bytes.length > 0) this.arrived.schedule(this.byteNanos);
    }

    byteArrived() {
        const byte = this.line[this.at++];
        if (this.at < this.line.length) this.arrived.schedule(this.byteNanos);
        if (!(this.registers[CR] & 1)) return;
        this.count++;
        if (this.received.length === SIZE || (this.noise > 0 && this.count % this.noise === 0)) {
            this.overrun = OVERRUN;
            this.lost++;
            this.raise(OE);
            return;
        }
        const error = this.spoilt > 0 && this.count % this.spoilt === 0 ? FRAMING : 0;
        this.received.push(byte | error | this.overrun);
        this.overrun = 0;
        this.silent.schedule(3.2 * this.byteNanos);
        if (this.received.length >= this.rxLevel) this.raise(RX);
    }

    byteSent() {
        this.send(this.sending.shift());
        if (this.sending.length > 0) this.sent.schedule(this.byteNanos);
        if (this.sending.length === this.txLevel) this.raise(TX);
    }

    take() {
        const byte = this.received.shift() ?? 0;
        if (this.received.length < this.rxLevel) this.status &= ~RX;
        if (this.received.length === 0) {
            this.silent.cancel();
            this.status &= ~RT;
        }
        this.update();
        return byte;
    }

    put(byte) {
        if (this.sending.length === SIZE) return;
        this.sending.push(byte);
        if (this.sending.length === 1) this.sent.schedule(this.byteNanos);
        if (this.sending.length > this.txLevel) this.lower(TX);
    }

    raise(bits) {
        this.status |= bits;
        this.update();
    }

    lower(bits) {
        this.status &= ~bits;
        this.update();
    }

    update() {
        this.rp2040.setInterrupt(this.irq, (this.status & this.registers[IMSC]) !== 0);
    }

    get flags() {
        const receiving = this.received.length === 0 ? FR_RXFE : this.received.length === SIZE ? FR_RXFF : 0;
        const sending = this.sending.length === 0 ? FR_TXFE : FR_BUSY | (this.sending.length === SIZE ? FR_TXFF : 0);
        return receiving | sending;
    }

    readUint32(offset) {
        switch (offset & 0xfff) {
            case DR:
                return this.take();
            case FR:
                return this.flags;
            case RIS:
                return this.status;
            case MIS:
                return this.status & this.registers[IMSC];
            default:
                return this.registers[offset & 0xfff] ?? 0;
        }
    }

    writeUint32(offset, value) {
        switch (offset) {
            case DR:
                this.put(value & 0xff);
                break;
            case ICR:
                this.lower(this.rawWriteValue);
                break;
            default:
                this.registers[offset] = value;
                this.update();
        }
    }
}
