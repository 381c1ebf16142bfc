// Reads a list of {action, resource, policies} as JSON from stdin; prints of each what IAM would answer.
import { runSimulation } from '@cloud-copilot/iam-simulate'

const account = '123456789012'
let input = ''
for await (const piece of process.stdin) input += piece
const answers = []
for (const { action, resource, policies } of JSON.parse(input)) {
  const request = {
    principal: `arn:aws:iam::${account}:role/tested`,
    action,
    resource: { resource, accountId: account },
    contextVariables: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' }
  }
  const identityPolicies = policies.map((policy, place) => ({ name: `policy-${place}`, policy }))
  const simulation = { request, identityPolicies, serviceControlPolicies: [], resourceControlPolicies: [] }
  const answer = await runSimulation(simulation, {})
  answers.push(answer.resultType === 'error' ? `error: ${JSON.stringify(answer.errors)}` : answer.overallResult)
}
console.log(JSON.stringify(answers))
