// Lets Alipay's own SDK for Node talk to a gateway: {account, calls: [{method, content}]} on standard
// input, the answers as a JSON list on standard output. Every reply's signature is verified by the SDK.
import { readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';

const { account, calls } = JSON.parse(readFileSync(0, 'utf8'));
const sdk = new AlipaySdk({ ...account, keyType: 'PKCS8', timeout: 10000 });
const answers = [];
for (const { method, content } of calls) {
  answers.push(await sdk.exec(method, { bizContent: content }, { validateSign: true }));
}
process.stdout.write(JSON.stringify(answers));
