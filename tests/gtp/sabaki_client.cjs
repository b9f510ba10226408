// Drives an engine with the client code that Sabaki itself uses: handshake, a synchronised game, a game of the engine
// against itself, undo, an aborted wait, quit. Prints one JSON object; exits with 1 and a message when anything is wrong.
//
//     node sabaki_client.cjs EXECUTABLE [ARGUMENT…]

const assert = require('assert')
const {Controller, ControllerStateTracker} = require('@sabaki/gtp')

const [executable, ...options] = process.argv.slice(2)
const report = {moves: [], stderr: []}

async function ask(controller, name, ...args) {
  const response = await controller.sendCommand({name, args})
  assert(!response.error, `${name} ${args.join(' ')}: ${response.content}`)
  return response.content
}

async function handshake(controller) {
  report.name = await ask(controller, 'name')
  report.version = await ask(controller, 'version')
  assert.strictEqual(await ask(controller, 'protocol_version'), '2')
  report.commands = (await ask(controller, 'list_commands')).split('\n')
  assert(!report.commands.some(name => name !== name.trim() || name === ''), 'untidy list_commands')
}

async function synchronise(tracker) {
  const moves = ['E5', 'C3', 'G7'].map((vertex, i) => ({name: 'play', args: [i % 2 ? 'W' : 'B', vertex]}))
  await tracker.sync({komi: 6.5, boardsize: [9, 9], history: moves})
  await tracker.sync({history: [...moves.slice(0, 2), {name: 'play', args: ['B', 'D4']}]})
  const board = await ask(tracker.controller, 'showboard')
  assert(/^ 4 . . . X/m.test(board) && /^ 7 . . \+ . . . \+ /m.test(board), board)
  await tracker.sync({history: [{name: 'set_free_handicap', args: ['C3', 'G7']}, {name: 'play', args: ['W', 'E5']}]})
  await assert.rejects(tracker.sync({boardsize: [9, 13]}), /not supported/)
}

async function playItself(tracker) {
  await tracker.sync({komi: 7, boardsize: [9, 9], history: []})
  let passes = 0
  for (let number = 0; number < 200 && passes < 2; number++) {
    const colour = number % 2 ? 'W' : 'B'
    const move = await ask(tracker.controller, 'genmove', colour)
    assert(/^([A-HJ][1-9]|pass|resign)$/.test(move), `genmove answered ${move}`)
    report.moves.push(move)
    if (move === 'resign') break
    passes = move === 'pass' ? passes + 1 : 0
  }
  assert.strictEqual(tracker.state.history.length, report.moves.filter(move => move !== 'resign').length)
  report.score = await ask(tracker.controller, 'final_score')
  assert(/^(0|[BW]\+\d+(\.\d+)?)$/.test(report.score), report.score)
}

async function takeBack(tracker) {
  const before = tracker.state.history.length
  await Promise.all([ask(tracker.controller, 'undo'), ask(tracker.controller, 'undo')])
  assert.strictEqual(tracker.state.history.length, before - 2)
  const pipelined = ['protocol_version', 'name', 'showboard', 'nonsense', 'version']
  const responses = await Promise.all(pipelined.map(name => tracker.controller.sendCommand({name})))
  assert.deepStrictEqual(responses.map(response => response.error), [false, false, false, true, false])
}

// What Sabaki shows of one line: it cuts it at "info", and drops a part that does not end with its variation.
function parts(line) {
  return line
    .split(/\s*info\s+/)
    .slice(1)
    .map(text => text.trim())
    .map(text => text.match(/^(.*?) pv ((?:[A-Z]\d+|pass)(?: (?:[A-Z]\d+|pass))*)$/))
}

async function analyse(tracker) {
  const {controller} = tracker
  await tracker.sync({komi: 7, boardsize: [9, 9], history: [{name: 'play', args: ['B', 'E5']}]})
  report.analysis = {}
  for (const name of ['lz-analyze', 'kata-analyze']) {
    const lines = []
    const times = []
    const started = Date.now()
    const reply = controller.sendCommand({name, args: ['W', '10']}, ({line}) => {
      if (!line.startsWith('info ')) return
      lines.push(line)
      times.push(Date.now() - started)
    })
    while (lines.length < 3) {
      assert(Date.now() - started < 30000, `${name} sent ${lines.length} lines`)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    const aborting = Date.now()
    await ask(controller, 'protocol_version') // this is how Sabaki ends an analysis
    report.analysis[name] = {firstMs: times[0], stopMs: Date.now() - aborting}
    const response = await reply
    assert(!response.error, response.content)
    for (const line of lines) {
      const found = parts(line)
      assert(found.length > 0 && found.every(part => part != null), line)
    }
  }
  const played = await ask(controller, 'genmove', 'W')
  assert(played !== 'E5')
  await ask(controller, 'undo')
  const moves = []
  const response = await controller.sendCommand({name: 'kata-genmove_analyze', args: ['W', '10']}, ({line}) => {
    if (line.startsWith('play ')) moves.push(line.slice(5).trim())
  })
  assert(!response.error && moves.length === 1, response.content)
  await ask(controller, 'undo')
}

async function main() {
  const controller = new Controller(executable, options)
  controller.on('stderr', ({content}) => report.stderr.push(content))
  const tracker = new ControllerStateTracker(controller)
  const started = Date.now()
  controller.start()
  await handshake(controller)
  report.handshakeMs = Date.now() - started
  await synchronise(tracker)
  await playItself(tracker)
  await takeBack(tracker)
  await analyse(tracker)
  const stopping = Date.now()
  const stopped = new Promise(resolve => controller.once('stopped', resolve))
  await controller.stop()
  await stopped
  report.quitMs = Date.now() - stopping
  assert(report.quitMs < 3000, 'Sabaki would have killed it')
  console.log(JSON.stringify(report))
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
