const raw = await tools.everything.$raw['get-tiny-image']({});
const image = raw.content.find((block) => block.type === 'image');
return image ? image.mimeType : 'none';
