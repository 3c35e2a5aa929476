// What a user of transformers.js writes to label texts with a model of a Hub, the same in Node and in a browser.
import { env, pipeline } from "@huggingface/transformers";

// The scores of all labels for each text. Texts go one at a time: int8 scales by what else is in a batch.
export async function label({ endpoint, repo, dtype, texts, token, cache }) {
  env.remoteHost = endpoint;
  env.allowLocalModels = false;
  env.useBrowserCache = false;
  if (cache) env.cacheDir = cache;
  if (token) env.fetch = (url, init) => fetch(url, withToken(init, token));
  const classify = await pipeline("text-classification", repo, { dtype });
  const answers = [];
  for (const text of texts) answers.push(await classify(text, { top_k: null }));
  return answers;
}

// transformers.js sends HF_TOKEN to huggingface.co alone.
function withToken(init, token) {
  const headers = new Headers(init?.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}
