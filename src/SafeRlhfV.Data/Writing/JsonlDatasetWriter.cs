using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>Writes a data set as JSONL, one file a configuration and split, whole or not at all.</summary>
internal sealed class JsonlDatasetWriter : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly AtomicFolder folder;
    private readonly bool imagesAsFiles;
    private readonly Dictionary<(string Config, string Split), (FileStream Stream, int Images)> files = [];
    private long rows;

    public JsonlDatasetWriter(string folder, bool imagesAsFiles, bool overwrite) =>
        (this.folder, this.imagesAsFiles) = (AtomicFolder.Create(folder, overwrite), imagesAsFiles);

    public void Add(DatasetRow row, string config, string split) => DiskErrors.Writing(folder.Target, () =>
    {
        if (!files.TryGetValue((config, split), out (FileStream Stream, int Images) file))
            files[(config, split)] = file = (new FileStream(folder.At(NameOf(config, split)), FileMode.CreateNew), 0);
        rows++;
        using (MemoryStream line = new())
        {
            using (Utf8JsonWriter json = new(line, Options))
            {
                json.WriteStartObject();
                for (int i = 0; i < row.Schema.Columns.Count; i++)
                {
                    json.WritePropertyName(row.Schema.Columns[i].Name);
                    switch (row[i])
                    {
                        case null: json.WriteNullValue(); break;
                        case string text: json.WriteStringValue(text); break;
                        case long number: json.WriteNumberValue(number); break;
                        case EncodedImage image: WriteImage(json, image, config, split); break;
                        case IReadOnlyList<EncodedImage> images:
                            json.WriteStartArray();
                            foreach (EncodedImage image in images) WriteImage(json, image, config, split);
                            json.WriteEndArray();
                            break;
                        case IReadOnlyList<ConversationMessage> messages: MessagesJson.Write(json, messages); break;
                    }
                }
                json.WriteEndObject();
            }
            line.WriteByte((byte)'\n');
            line.WriteTo(file.Stream);
        }
        return true;
    });

    public void Complete()
    {
        if (files.Count == 0) throw new InvalidInputException($"{folder.Target}: there is no row to write.");
        DiskErrors.Writing(folder.Target, () =>
        {
            foreach ((FileStream stream, _) in files.Values) stream.Flush(flushToDisk: true);
            File.WriteAllText(folder.At("README.md"),
                DatasetCardText.WriteLines(new BeaverTailsWriterOptions(), rows,
                    files.Keys.Select(part => (part.Config, part.Split, NameOf(part.Config, part.Split)))));
            return true;
        });
        Close();
        folder.Commit();
    }

    public void Dispose()
    {
        Close();
        folder.Dispose();
    }

    private void Close()
    {
        foreach ((FileStream stream, _) in files.Values) stream.Dispose();
    }

    private static string NameOf(string config, string split) => $"{config}/{split}.jsonl";

    private void WriteImage(Utf8JsonWriter json, EncodedImage image, string config, string split)
    {
        if (imagesAsFiles && image.Bytes is not null)
        {
            (FileStream stream, int images) = files[(config, split)];
            json.WriteStringValue(SaveImage(image.Bytes, config, split, images));
            files[(config, split)] = (stream, images + 1);
            return;
        }
        json.WriteStartObject();
        if (image.Bytes is null) json.WriteNull("bytes");
        else json.WriteBase64String("bytes", image.Bytes);
        json.WriteString("path", image.Path);
        json.WriteEndObject();
    }

    private string SaveImage(byte[] bytes, string config, string split, int number)
    {
        string extension = ImageHeader.Read(bytes)?.Format switch
        {
            "JPEG" => "jpg",
            "PNG" => "png",
            "WEBP" => "webp",
            "GIF" => "gif",
            "BMP" => "bmp",
            _ => "bin"
        };
        string path = new StringBuilder("images/").Append(split).Append('/').Append(number.ToString("000000")).Append('.').Append(extension).ToString();
        File.WriteAllBytes(folder.At(config, path), bytes);
        return path;
    }
}
