// Run jobs, so that Node and what the scripts import start once. Each line on stdin is one in JSON,
// {script, job}; what the script's default export answers comes back in JSON on a line of stdout.
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'

const PATIENCE = 60_000

// The provider's notices go to stdout, where the answers are.
console.info = console.error

async function giveUp() {
  await setTimeout(PATIENCE, undefined, { ref: false })
  throw new Error('no answer within a minute')
}

for await (const line of createInterface({ input: process.stdin })) {
  const { script, job } = JSON.parse(line)
  const { default: run } = await import(`./${script}`)
  const answer = await Promise.race([run(job), giveUp()]).then(
    (answer) => ({ answer }),
    (error) => ({ error: error.stack }),
  )
  console.log(JSON.stringify(answer))
}
process.exit()
