// A stand-in for the RP2040's boot ROM: what the pico-sdk asks it for, and nothing else. Each function is a
// breakpoint and a return; the emulator does the work when it meets the breakpoint.

const ENTRY = { funcTable: 0x14, dataTable: 0x16, tableLookup: 0x18 };
const CODE = 0x40; // functions, four bytes each
const TABLE = 0x100; // pairs of code and address, both of 16 bits

const code = (name) => name.charCodeAt(0) | (name.charCodeAt(1) << 8);

const lookup = (m, [table, wanted]) => {
    for (let at = table; m.readUint16(at) !== 0; at += 4)
        if (m.readUint16(at) === wanted) return m.readUint16(at + 2);
    return 0;
};

const copy = (m, [to, from, n]) => {
    for (let i = 0; i < n; i++) m.writeUint8(to + i, m.readUint8(from + i));
    return to;
};

const set = (m, [to, value, n]) => {
    for (let i = 0; i < n; i++) m.writeUint8(to + i, value & 0xff);
    return to;
};

const reverse = (x) => {
    let result = 0;
    for (let i = 0; i < 32; i++) result = (result << 1) | ((x >>> i) & 1);
    return result >>> 0;
};

const ones = (x) => {
    let n = 0;
    for (; x; x &= x - 1) n++;
    return n;
};

const erase = (m, [offset, n]) => {
    m.flash.fill(0xff, offset, offset + n);
    return 0;
};

const program = (m, [offset, from, n]) => {
    for (let i = 0; i < n; i++) m.flash[offset + i] &= m.readUint8(from + i);
    return 0;
};

// In the order of their breakpoints' numbers. The first has no name: its address is at a fixed place.
const FUNCTIONS = [
    ['', lookup],
    ['P3', (m, [x]) => ones(x)],
    ['R3', (m, [x]) => reverse(x)],
    ['L3', (m, [x]) => Math.clz32(x)],
    ['T3', (m, [x]) => (x === 0 ? 32 : 31 - Math.clz32(x & -x))],
    ['MS', set],
    ['S4', set],
    ['MC', copy],
    ['C4', copy],
    ['IF', () => 0], // connect the flash
    ['EX', () => 0], // leave the mode in which it is memory
    ['RE', erase],
    ['RP', program],
    ['FC', () => 0], // flush its cache
    ['CX', () => 0], // enter that mode again
];

export function makeRom() {
    const rom = new Uint32Array(4096);
    const view = new DataView(rom.buffer);
    const put = (at, value) => view.setUint16(at, value, true);
    put(0x10, code('Mu'));
    put(0x12, 0x0201); // a table of 16-bit pointers; the version of B2 chips
    put(ENTRY.funcTable, TABLE);
    put(ENTRY.dataTable, TABLE + 4 * FUNCTIONS.length); // empty
    FUNCTIONS.forEach(([name], i) => {
        const at = CODE + 4 * i;
        put(at, 0xbe00 | i); // bkpt #i
        put(at + 2, 0x4770); // bx lr
        if (i === 0) put(ENTRY.tableLookup, at | 1);
        else {
            put(TABLE + 4 * (i - 1), code(name));
            put(TABLE + 4 * (i - 1) + 2, at | 1);
        }
    });
    return rom;
}

// The breakpoint that the core has just passed: true if it was one of these.
export function callRom(mcu) {
    const { registers } = mcu.core;
    const at = mcu.core.PC - 2;
    const i = (at - CODE) / 4;
    if (at < CODE || at >= TABLE || !Number.isInteger(i) || i >= FUNCTIONS.length) return false;
    registers[0] = FUNCTIONS[i][1](mcu, registers);
    return true;
}
