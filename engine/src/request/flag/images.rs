//! The request brings images or videos.

use super::marks::Marks;
use crate::api::Api;
use crate::request::place::Place;

pub(super) struct Images;

impl Marks for Images {
    const IS_NESTED: bool = true;

    /// What is edited or varied is an image.
    fn of_api(api: Api) -> bool {
        matches!(api, Api::ImageEdits | Api::ImageVariations)
    }

    fn element(list: Place) -> bool {
        list == Place::Images
    }

    /// vLLM accepts parts without a `type`.
    fn member(place: Place, key: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part)
            && matches!(
                key,
                b"image_url"
                    | b"input_image"
                    | b"image"
                    | b"image_file"
                    | b"image_pil"
                    | b"image_embeds"
                    | b"video_url"
                    | b"video"
                    | b"input_video"
            )
    }

    fn kind(place: Place, kind: &[u8]) -> bool {
        matches!(place, Place::Turn | Place::Part)
            && (kind.starts_with(b"image/")
                || kind.starts_with(b"video/")
                || matches!(
                    kind,
                    b"image"
                        | b"image_url"
                        | b"input_image"
                        | b"image_pil"
                        | b"image_embeds"
                        | b"video_url"
                        | b"video"
                        | b"input_video"
                        | b"image_file"
                        | b"image_generation_call"
                        | b"computer_screenshot"
                ))
    }
}
