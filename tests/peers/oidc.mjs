// A real OpenID Connect provider, for trials: whoever gives a name at its door is that person.
import { createRequire } from "node:module";
const [folder, port, callback] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { default: Provider } = await import(require.resolve("oidc-provider"));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "bedel", client_secret: "a secret of the trial", redirect_uris: [callback] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@mst.example`, email_verified: id !== "unverified" }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("open"));
