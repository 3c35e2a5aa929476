// What a user of @huggingface/hub writes to find a model of a Hub and one of its files.
import { downloadFile, listModels, modelInfo } from "@huggingface/hub";

export async function find({ endpoint, repo, path, token }) {
  const access = { hubUrl: endpoint, accessToken: token };
  const names = [];
  for await (const model of listModels({ search: { owner: repo.split("/")[0] }, ...access })) names.push(model.name);
  const { name, task, private: hidden } = await modelInfo({ name: repo, ...access });
  const file = await downloadFile({ repo, path, ...access });
  return { names, name, task, hidden, bytes: [...new Uint8Array(await file.arrayBuffer())] };
}
