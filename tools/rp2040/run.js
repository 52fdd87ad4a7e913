#!/usr/bin/env node
// Runs a program for the RP2040 and shows its console (UART1, stdout).
//
//   run.js ELF [options]
//     --link 'COMMAND ARGS'   start this with the other end of UART0 as its descriptor 3, and `--fd 3` added
//     --unix PATH             or connect UART0 to this socket
//     --timeout SECONDS       give up (exit code 124)
//     --cycles                at the end, on stderr: how many cycles the program has run
//     --report FILE           the same, and cycles and instructions at each of the program's own lines, as JSON
//     --rosc KIND             the chip's random bit: good, or how it fails (machine.js)
//     --no-adc                the analogue converter is never ready
//     --noise BYTES           of so many bytes that come by UART0 one is lost
//     --spoilt BYTES          and of so many one comes with a framing error
//     --flash FILE            flash is as this file says, if it exists, but for the program; at the end it is written there
//     --scratch N             what the program finds in the watchdog's register SCRATCH1
//     --trace                 SCRATCH0 becomes a sum over the addresses of all instructions since it was written
//     --verbose               what the emulator does not know
//
// The exit code is that of the program's last line, `picket: exit N`; 70 when the program has crashed, 71 when the
// other end of UART0 has gone.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { Machine, RANDOM_BITS } from './machine.js';

const SLICE = 20000; // instructions between two looks at the world outside: less than a millisecond
const NAP_MS = 20;

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        link: { type: 'string' },
        unix: { type: 'string' },
        timeout: { type: 'string', default: '300' },
        cycles: { type: 'boolean', default: false },
        report: { type: 'string' },
        rosc: { type: 'string', default: 'good' },
        noise: { type: 'string', default: '0' },
        spoilt: { type: 'string', default: '0' },
        flash: { type: 'string' },
        'no-adc': { type: 'boolean', default: false },
        scratch: { type: 'string', default: '0' },
        trace: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
    },
});
if (positionals.length !== 1 || !(values.rosc in RANDOM_BITS)) {
    console.error('usage: run.js ELF [--link COMMAND | --unix PATH] [--timeout SECONDS] [--cycles] [--report FILE] [--rosc KIND] [--no-adc]');
    process.exit(2);
}

// --- The console ---

let line = '';
let result = null;
let output = [];

function flush() {
    if (output.length > 0) process.stdout.write(Buffer.from(output));
    output = [];
}

const lines = []; // those that begin with "picket: ", with the cycles at their end
const instructions = []; // and the instructions

function consoleByte(byte) {
    output.push(byte);
    if (byte !== 10) {
        line = line.length < 200 ? line + String.fromCharCode(byte) : line;
        return;
    }
    const text = line.trim();
    line = '';
    if (text.startsWith('picket: ')) {
        lines.push([text, machine.cycles]);
        instructions.push(machine.instructions);
    }
    const exit = /^picket: exit (\d+)$/.exec(text);
    if (exit) result = Number(exit[1]);
}

// --- The line ---

let wake = () => {};
let packet = [];
let peer = null;

function startLink(command) {
    const [program, ...args] = command.split(' ').filter(Boolean);
    const child = spawn(program, [...args, '--fd', '3'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    child.on('error', (error) => end(71, `${program}: ${error.message}`));
    child.on('exit', () => end(71, `${program} has ended`));
    process.on('exit', () => child.kill());
    return child.stdio[3];
}

// Written when the program has sent a whole packet, not byte by byte.
function slipByte(byte) {
    packet.push(byte);
    if (byte !== 0xc0 || packet.length === 1) return;
    peer?.write(Buffer.from(packet));
    packet = [];
}

function openPeer() {
    if (values.link) peer = startLink(values.link);
    else if (values.unix) peer = connect(values.unix);
    peer?.on('error', (error) => end(71, `the line: ${error.message}`));
    peer?.on('close', () => end(71, 'the line: the other end has gone'));
    peer?.on('data', (bytes) => {
        wake(); // first the time that has passed, then the bytes
        machine.uart0.feed(bytes);
    });
}

// --- Running ---

function end(code, why) {
    if (result !== null && code === 71) return;
    flush();
    if (why) console.error(`rp2040: ${why}`);
    const { cycles } = machine;
    const seconds = machine.nanos / 1e9;
    if (values.cycles) console.error(`rp2040: ${cycles} cycles, ${seconds.toFixed(3)} s`);
    if (values.flash) writeFileSync(values.flash, machine.flash);
    if (values.report) {
        const { lost } = machine.uart0;
        writeFileSync(values.report, JSON.stringify({ cycles, seconds, lost, lines, instructions }));
    }
    process.exit(code);
}

// The program sleeps, and nothing is on its way to it: time passes as it does on the wall, up to its next alarm.
function nap() {
    const began = process.hrtime.bigint();
    const longest = machine.nanosToAlarm;
    return new Promise((resolve) => {
        let timer = null;
        wake = () => {
            clearTimeout(timer);
            wake = () => {};
            machine.pass(Math.min(Number(process.hrtime.bigint() - began), longest));
            resolve();
        };
        timer = setTimeout(() => wake(), Math.min(longest / 1e6, NAP_MS));
    });
}

function makeMachine() {
    try {
        return new Machine({
            elf: positionals[0],
            slip: slipByte,
            console: consoleByte,
            randomBit: values.rosc,
            adc: !values['no-adc'],
            flash: values.flash && existsSync(values.flash) ? readFileSync(values.flash) : null,
            scratch: Number(values.scratch),
            trace: values.trace,
            verbose: values.verbose,
        });
    } catch (error) {
        console.error(`rp2040: ${error.message}`);
        process.exit(2);
    }
}

const machine = makeMachine();
machine.uart0.noise = Number(values.noise);
machine.uart0.spoilt = Number(values.spoilt);
const deadline = Date.now() + 1000 * Number(values.timeout);
openPeer();
process.on('SIGTERM', () => end(143)); // power fails

while (result === null && !machine.fault && Date.now() < deadline) {
    machine.run(SLICE);
    flush();
    if (machine.idle && !machine.fault) await nap();
    else await new Promise(setImmediate);
}
// After its last line it may return from main.
if (machine.fault && result === null) end(70, `the program has ${machine.fault}`);
if (result === null) end(124, `no end after ${values.timeout} s`);
end(result);
