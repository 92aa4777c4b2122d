// Runs named checks one after the other and counts them.
let passed = 0, failed = 0;

export const [base, apiKey] = process.argv.slice(2);

export async function check(name, run) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`failed: ${name}: ${error?.stack ?? error}`);
  }
}

export function end(wire) {
  console.log(`${wire}: ${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
