// Do one thing in Firefox: {act, visitor, tab, ...} to what it returns. Browser, visitors and tabs
// are kept from job to job.
import puppeteer from 'puppeteer-core'

let browser
const visitors = []
const tabs = []

const acts = {
  async launch({ path }) {
    browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: path,
      headless: true,
      acceptInsecureCerts: true,
    })
  },
  async visit() {
    return visitors.push(await browser.createBrowserContext()) - 1
  },
  async leave({ visitor }) {
    await visitors[visitor].close()
  },
  async cookies({ visitor, url }) {
    const { hostname } = new URL(url)
    const kept = await visitors[visitor].cookies()
    return kept.filter(({ domain }) => domain === hostname || `.${hostname}`.endsWith(domain))
  },
  async openTab({ visitor }) {
    return tabs.push(await visitors[visitor].newPage()) - 1
  },
  async open({ tab, url }) {
    await tabs[tab].goto(url)
  },
  async run({ tab, script }) {
    return tabs[tab].evaluate(`(async () => { ${script} })()`)
  },
  async waitFor({ tab, condition, patience }) {
    await tabs[tab].waitForFunction(condition, { timeout: patience * 1000 })
  },
  async close() {
    await browser.close()
  },
}

export default async function firefox({ act, ...job }) {
  return (await acts[act](job)) ?? null
}
